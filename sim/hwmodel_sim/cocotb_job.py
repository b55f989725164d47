"""One call of a cocotb runner, described by a JSON file: ``python cocotb_job.py JOB``."""

import json
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    getattr(get_runner(job["simulator"]), job["action"])(**job["arguments"])


if __name__ == "__main__":
    main()
