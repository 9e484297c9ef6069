#!/bin/sh
# Decides frames on Spark, Dask, Ray and DuckDB, in a separate virtual environment in the given folder, because PySpark
# requires an older pandas. An engine that cannot be installed within three minutes, and Spark without Java, are
# skipped and named.
set -eu

folder=$1
installed=$folder/installed

if [ ! "$installed" -nt pyproject.toml ]; then
    [ -x "$folder/bin/python" ] || tools/make_venv.sh "$folder"
    pip="timeout 180 $folder/bin/python -m pip --quiet --quiet --disable-pip-version-check install"
    echo "Installing cxrules with DuckDB, Dask, Ray and Spark ..."
    # pip 25.1 is the first that knows dependency groups.
    if ! { $pip --upgrade 'pip>=25.1' && $pip --editable '.[frame]' 'duckdb>=1.2' 'hypothesis>=6.100' 'pytest>=9.0'; };
    then
        echo "SKIPPED: everything, because nothing can be installed here within three minutes."
        exit 0
    fi
    for engine in dask ray spark; do
        $pip --group "$engine" || echo "SKIPPED: $engine, which cannot be installed here."
    done
    touch "$installed"
fi
command -v java >/dev/null 2>&1 || [ -n "${JAVA_HOME:-}" ] || echo "SKIPPED: spark, which needs Java 17."

export CXRULES_TEST_DISTRIBUTED=1
exec "$folder/bin/python" -m pytest -q -ra tests/distributed tests/project/test_examples.py \
    -k "distributed or test_engines"
