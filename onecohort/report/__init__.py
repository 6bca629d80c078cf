"""Reports of a run: validation report, report cards, analysis. Each is one file by itself."""
