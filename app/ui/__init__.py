"""The Qt face of the core: the tray, the window and its pages. The only folder that imports Qt."""
