"""The variables of Windows that programs need to find their files, by their names in capitals.

Linux and macOS programs do with HOME and PATH. On Windows a Python without SYSTEMROOT opens no
socket, npm without APPDATA finds no package, and a folder of a user is known by USERPROFILE alone.
None of them holds a secret.
"""

from __future__ import annotations

WINDOWS = (
    *("ALLUSERSPROFILE", "APPDATA", "COMMONPROGRAMFILES", "COMMONPROGRAMFILES(X86)"),
    *("COMMONPROGRAMW6432", "COMPUTERNAME", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA"),
    *("NUMBER_OF_PROCESSORS", "OS", "PATHEXT", "PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER"),
    *("PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PUBLIC"),
    *("SESSIONNAME", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERDOMAIN", "USERNAME"),
    *("USERPROFILE", "WINDIR"),
)
