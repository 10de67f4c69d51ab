#!/usr/bin/env bash
# openapi_lint.sh DOCUMENT: the OpenAPI description passes Redocly's recommended rules.
# The linter comes from the npm registry; without a way to reach it, the test is skipped.
set -euo pipefail
linter=@redocly/cli@1.34.5

# Node trusts its own list of authorities; the machine's may know more (a company's proxy).
authorities=/etc/ssl/certs/ca-certificates.crt
[[ -r $authorities ]] && export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS-$authorities}
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npm_config_update_notifier=false
export npm_config_fetch_retries=1 npm_config_fetch_retry_mintimeout=1000

if ! npx --yes "$linter" --version >/dev/null 2>&1; then
    echo "skipped: npx cannot get $linter"
    exit 77
fi
exec npx --yes "$linter" lint "$1"
