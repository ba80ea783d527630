"""The timeline: one run as one HTML page that needs nothing but a browser.

`rows` puts trace and logbook into one sequence and finds what led to what, `reading` gives plain
records back their names, `words` says each in a line, `page` folds all of it into the template.
"""

from seatrial.timeline.page import page as page

__all__ = ["page"]
