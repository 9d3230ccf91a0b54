"""What goes in and out of scheduling over HTTP, a module per topic."""
