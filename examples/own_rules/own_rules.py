"""Custom rules on top of the built-in ones: a house policy, with source, claim and fact."""

from pathlib import Path

import cxrules

ORGANISATION = {
    "maturity": "early",
    "scope": "one_function",
    "current_owner": "none",
    "marketing_bandwidth": "adequate",
    "marketing_insight": "deep",
    "marketing_data_access": "full",
    "ceo_involvement": "supportive",
}


def main() -> None:
    own = cxrules.RuleBase.load(Path(__file__).parent, base=cxrules.RuleBase.builtin())
    advisor = cxrules.Advisor(own)
    for supervised in (False, True):
        advice = advisor.recommend(ORGANISATION, data_supervised=supervised)
        print(f"supervised: {supervised}; recommended: {advice.model}")
        if "supervised-data" in advice.fired:
            ruled_out = [row.model for row in advice.ranking if "supervised-data" in row.excluded_by]
            print(f"ruled out by the house policy: {', '.join(ruled_out)}")


if __name__ == "__main__":
    main()
