"""Tests with real hosts are slow and run only in `make test-embedding`."""

import os

collect_ignore = [] if os.environ.get("CXRULES_TEST_EMBEDDING") else ["hosts.py", "test_hosts.py", "test_web_api.py"]
