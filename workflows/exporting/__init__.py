"""What leaves the record as a file: the log, lists, the matrix filled in, the worklist.

- `json_lines`: the log itself, event by event;
- `sheets`: recommendations as a list, CSV or XLSX;
- `matrix`: OHCHR's thematic list with its last column filled in, DOCX;
- `event_logs`: histories for process mining, OCEL 2.0 and XES;
- `worklist`: what an institution has to do, XLSX, written out and read back in.
"""

from __future__ import annotations

from workflows.exporting.json_lines import json_lines

__all__ = ["json_lines"]
