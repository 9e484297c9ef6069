"""DuckDB: a recommendation for every row of a query. Needs duckdb and cxrules[frame]."""

import duckdb

import cxrules

connection = duckdb.connect()
connection.sql(
    """
    CREATE TABLE companies AS FROM (VALUES
        ('North', 'champion', 'severe'), ('South', NULL, 'severe'), ('West', NULL, NULL)
    ) AS t(company, ceo_involvement, silos)
    """
)
cxrules.duckdb.register(connection, brief=True)
answers = connection.sql(
    """
    SELECT company, answer.model, answer.status
    FROM (SELECT c.company, recommend(c) AS answer FROM companies c)
    ORDER BY company
    """
)
for row in answers.fetchall():
    print(*row)
