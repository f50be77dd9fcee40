"""Official papers (giấy tờ của Bộ phận Một cửa) as PDF: facts, layout, one function that renders."""
