"""Recommend an owner for the organisation in a file, with both engines, and compare their answers.

python -m tools.demo FILE
"""

from __future__ import annotations

import sys

from cxrules import Advisor, InvalidOrganisation
from cxrules.engines import ENGINES
from cxrules.files.organisation_file import read_organisation


def main() -> int:
    """Print the explanation, and whether the engines agree; return 1 where they do not."""
    advisors = [Advisor(engine=name) for name in ENGINES]
    try:
        facts = read_organisation(sys.argv[1], advisors[0].rulebase.vocabulary).facts
    except InvalidOrganisation as error:
        print(error, file=sys.stderr)
        return 2
    answers = [advisor.recommend(facts) for advisor in advisors]
    print(answers[0].explain(width=100))
    plain = [{**answer.model_dump(), "engine": None} for answer in answers]
    agree = all(other == plain[0] for other in plain)
    names = " and ".join(f"`{name}`" for name in ENGINES)
    print(
        f"Decided twice, by the engines {names}: "
        + (
            f"they agree on all {len(answers[0].fired)} rules that fired and on the whole answer."
            if agree
            else "they DISAGREE."
        )
    )
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
