"""Search by bytes: what text, frames and files can do to us, and what a run can be made of."""
