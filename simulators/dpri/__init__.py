"""DPRI, the issuance system: takes a file before the visit, prints the passport after the approval."""
