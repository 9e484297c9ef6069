"""The tests with real hosts are slow: `make test-embedding` asks for them."""

import os

collect_ignore = [] if os.environ.get("CXRULES_TEST_EMBEDDING") else ["hosts.py", "test_hosts.py", "test_web_api.py"]
