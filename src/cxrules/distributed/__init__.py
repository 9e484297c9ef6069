"""Frames on many cores or machines: Spark, Dask, Ray Data and DuckDB hand out the rows, each worker decides its own."""
