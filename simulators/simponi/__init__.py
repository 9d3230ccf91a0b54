"""SIMPONI, the biller of state fees, and a bank that takes payments for its codes."""
