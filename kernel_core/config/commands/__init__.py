"""The commands of the program: functions of (config, options) that return the lines to print."""
