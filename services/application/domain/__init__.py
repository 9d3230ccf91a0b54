"""What an application is and may become: pure data and functions; time, ids and rules are arguments."""
