"""The Qt front end: tray, window, pages and dialogs. The only folder that imports Qt."""
