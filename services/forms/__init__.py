"""Filings: opened, filled, imported, checked, frozen, sealed.

This service decides what a filing holds and who may change it when. It never judges a figure (validation does),
never uses a key (signature does), never decides who receives (transmission does), never talks to another server (sync does).
"""
