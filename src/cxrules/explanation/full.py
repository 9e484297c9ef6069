from cxrules.explanation.brief import write_brief as write_full
