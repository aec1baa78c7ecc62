"""Rows to Telegram Desktop's JSON form: the inverse of ``desktop.normalise``.

``message.compose`` is the way in. Keys, their order and their types are those of Desktop's own writer
(tdesktop ``export/output/export_output_json.cpp``, version 5.10); what the form cannot say goes into the key
``heliograph`` (``desktop.extra``).
"""
