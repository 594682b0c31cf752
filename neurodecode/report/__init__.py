"""What people look at: results, tables, figures, the page; and the notebook's ways in."""
