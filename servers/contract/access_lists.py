"""The access lists of Windows: closes processes and folders to others, and reads who may write.

In: a path, or this process. Out: names of users. A list names this user by the id in its token: the
owner of a file can be the group of administrators, whose other members would then be let in.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from ctypes import wintypes

assert sys.platform == "win32"

_DACL, _PROTECTED_DACL = 0x4, 0x80000000
_FILE_OBJECT, _TOKEN_QUERY, _TOKEN_USER, _ACCESS_ALLOWED = 1, 0x8, 1, 0
_QUERY_LIMITED_SYNCHRONIZE_TERMINATE = "0x101001"
_INHERIT_ONLY = 0x8
_WRITES = 0x2 | 0x4 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
"""Write and append data, delete, change the list or the owner, and generic all and write."""
_TRUSTED = {"S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4", "S-1-5-80-956008885"}
"""The system, administrators (who may do anything), creator owner, owner rights, the installer."""

_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_kernel.LocalFree.argtypes = (ctypes.c_void_p,)


class _Ace(ctypes.Structure):
    """ACCESS_ALLOWED_ACE; the id of the user begins at `sid`."""

    _fields_ = (
        ("type", ctypes.c_ubyte),
        ("flags", ctypes.c_ubyte),
        ("size", wintypes.WORD),
        ("mask", wintypes.DWORD),
        ("sid", wintypes.DWORD),
    )


class _Acl(ctypes.Structure):
    """ACL."""

    _fields_ = (
        ("revision", ctypes.c_ubyte),
        ("zero", ctypes.c_ubyte),
        ("size", wintypes.WORD),
        ("count", wintypes.WORD),
        ("zero_too", wintypes.WORD),
    )


def user_id() -> str:
    """The security id of this user as text; empty if the system does not tell."""
    token = wintypes.HANDLE()
    if not _advapi.OpenProcessToken(
        wintypes.HANDLE(_kernel.GetCurrentProcess()), _TOKEN_QUERY, ctypes.byref(token)
    ):
        return ""
    try:
        size = wintypes.DWORD()
        _advapi.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(size))
        found = ctypes.create_string_buffer(size.value)
        is_read = _advapi.GetTokenInformation(token, _TOKEN_USER, found, size, ctypes.byref(size))
        return _text_of(ctypes.c_void_p.from_buffer(found)) if is_read else ""
    finally:
        _kernel.CloseHandle(token)


def close_process() -> None:
    """Let this user only see and end this process; the system may do all."""
    user = user_id()
    if user:
        _set_process(f"D:P(A;;{_QUERY_LIMITED_SYNCHRONIZE_TERMINATE};;;{user})(A;;GA;;;SY)")


def close_folder(folder: str) -> None:
    """Let only this user, the system and administrators into `folder` and what is made in it.

    It is no error if the disk knows no access lists.
    """
    user = user_id()
    if not user:
        return
    text = f"D:P(A;OICI;FA;;;{user})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    described = _descriptor_of(text)
    if described.value:
        which = _DACL | _PROTECTED_DACL
        _advapi.SetFileSecurityW(ctypes.c_wchar_p(folder), which, described)
        _kernel.LocalFree(described)


def others_who_write(path: str) -> list[str]:
    """The ids of the users and groups, besides this user and the system, that may change `path`."""
    described, acl = ctypes.c_void_p(), ctypes.POINTER(_Acl)()
    failed = _advapi.GetNamedSecurityInfoW(
        *(ctypes.c_wchar_p(path), _FILE_OBJECT, _DACL, None, None),
        *(ctypes.byref(acl), None, ctypes.byref(described)),
    )
    if failed:
        return []
    try:
        trusted = {*_TRUSTED, user_id()}
        if not ctypes.cast(acl, ctypes.c_void_p).value:  # no list at all: everybody
            return ["S-1-1-0"]
        return [user for user in _writers(acl) if user not in trusted]
    finally:
        _kernel.LocalFree(described)


def _writers(acl: ctypes._Pointer[_Acl]) -> Iterator[str]:
    for index in range(acl.contents.count):
        entry = ctypes.POINTER(_Ace)()
        if not _advapi.GetAce(acl, index, ctypes.byref(entry)):
            continue
        found = entry.contents
        applies = found.type == _ACCESS_ALLOWED and not found.flags & _INHERIT_ONLY
        if applies and found.mask & _WRITES:
            yield _text_of(ctypes.byref(found, _Ace.sid.offset))


def _set_process(text: str) -> None:
    described = _descriptor_of(text)
    if described.value:
        itself = wintypes.HANDLE(_kernel.GetCurrentProcess())
        _advapi.SetKernelObjectSecurity(itself, _DACL, described)
        _kernel.LocalFree(described)


def _descriptor_of(text: str) -> ctypes.c_void_p:
    described = ctypes.c_void_p()
    _advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(text), 1, ctypes.byref(described), None
    )
    return described


def _text_of(sid: object) -> str:
    text = wintypes.LPWSTR()
    if not _advapi.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        return ""
    try:
        return text.value or ""
    finally:
        _kernel.LocalFree(ctypes.cast(text, ctypes.c_void_p))
