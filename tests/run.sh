#!/usr/bin/env bash
# All tests, in the order in which a failure is cheapest to learn of.
set -euo pipefail
cd "$(dirname "$0")/.."

make --no-print-directory lint
(cd labextension && npm run --silent test)
.venv/bin/pytest tests -n 2 --dist loadgroup -q --tb=short
make --no-print-directory ui-test
