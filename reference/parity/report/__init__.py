"""The report of a run, for four readers, all from the same `Suite`s of result.py.

terminal.py   a person at a terminal, or reading a log
jsonfile.py   a program; the format is documented in docs/parity-report.md and schema.json
junit.py      a CI server
page.py       one HTML file to keep, send or print

summary.py holds what they count, so that no two of them count it differently.
"""
