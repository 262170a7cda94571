#!/usr/bin/env bash
# tools/gpu_run.sh [SHAPE [FOLDER]]: one command that measures a real shape with random weights on this machine's GPU; no network, no model.
# Needs a driver, vllm (VLLM=/path/to/vllm where it is not on the path) and this package (TCO=/path/to/tco). MINUTES is the budget.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
shape=${1:-llama-3.1-8b} folder=${2:-gpu-run}
vllm=${VLLM:-$(command -v vllm)} tco=${TCO:-tco} minutes=${MINUTES:-9}
case $shape in
    llama-3.1-8b) model=meta-llama/Llama-3.1-8B-Instruct ;;
    qwen3-8b) model=Qwen/Qwen3-8B ;;
    *) echo "shapes are llama-3.1-8b and qwen3-8b" >&2; exit 2 ;;
esac
mkdir -p "$folder"
python=$(dirname "$vllm")/python
[ -x "$python" ] || python=python3
"$python" "$here/tests/vllm/make_model.py" "$folder/$shape" "$shape"
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
exec "$tco" bench "$folder/$shape" --as "$model" --vllm "$vllm" --quick --window-seconds "${WINDOW:-6}" --budget-minutes "$minutes" \
    --concurrency 16:512 --slo ttft=1000ms,tpot=50ms --server-args "--load-format dummy --max-model-len 10240 ${SERVER_ARGS:-}" \
    --state "$folder/state" --output "$folder/profiles" --data "$here" ${BENCH_FLAGS:-}
