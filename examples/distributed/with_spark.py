"""Spark: a recommendation for every row of a data frame. Needs pyspark, Java 17, pandas below 3 and cxrules[frame]."""

from pyspark.sql import SparkSession

import cxrules

session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
companies = session.createDataFrame(
    [("North", "champion", "severe"), ("South", None, "severe"), ("West", None, None)],
    "company string, ceo_involvement string, silos string",
)
answers = cxrules.spark.recommend(companies, keep=["company"])
for row in answers.select("company", "model", "status").orderBy("company").collect():
    print(row.company, row.model, row.status)
session.stop()
