"""The Django project: settings, the one API, the example application and its devstack."""
