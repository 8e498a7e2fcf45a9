"""The study of liver metastases."""
