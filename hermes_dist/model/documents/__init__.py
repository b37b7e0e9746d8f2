"""Documents: YAML and JSON as text and as data with places, edited by splicing."""
