"""A worker that ends before it takes a job, as one whose library is missing."""

raise SystemExit(3)
