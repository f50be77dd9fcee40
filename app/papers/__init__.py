"""Official papers (giấy tờ của Bộ phận Một cửa) as PDF: facts, templates, rendering."""
