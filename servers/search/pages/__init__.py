"""Reading pages: fetch rules, charset, extraction, paging."""
