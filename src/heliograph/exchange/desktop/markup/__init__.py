"""The pages of an HTML export, taken apart: where a message ends, and what its parts say in Desktop's JSON form."""
