"""A report: a document of blocks, drawn as a web page, a PDF and a workbook."""
