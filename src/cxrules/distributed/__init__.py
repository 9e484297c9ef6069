"""Frames on many cores or machines: Spark, Dask, Ray Data and DuckDB distribute the rows, and workers decide them."""
