"""The rules of billing, pure: tariff and price, the life of a bill, of a receipt and of a refund case.

Time, ids and policies come in as arguments; nothing here reads a clock, a file or a network.
"""
