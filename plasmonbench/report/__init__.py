"""The report: one self-contained HTML page of what runs found."""
