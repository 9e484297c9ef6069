"""Wrong uses of public names, each refused by type checkers for one reason. Never run."""

import cxrules

cxrules.recommend(maturity="erly")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend(matury="early")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
cxrules.recommend(maturity=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend(transformation_goal="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend(retention_budget_share="15")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend(marketing_journey_coverage="loyalty")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend(marketing_journey_coverage=["loyal"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
cxrules.recommend(marketing_journey_coverage={"loyal"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.Organisation(maturity="erly")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.Organisation(matury="early")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
cxrules.recomend()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
cxrules.Organisation().maturity = "early"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
cxrules.recommend().explain(detail="ful")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cxrules.recommend().model = cxrules.OwnershipModel.cxo_owned  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
