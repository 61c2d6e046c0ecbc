; The setup program of Lou: for one user, without an administrator.
; makensis -DSOURCE=folder -DTARGET=setup.exe -DVERSION=1.2.3 -DHOMEPAGE=... [-DQUICK] lou.nsi
;   setup.exe /S installs silently; uninstall.exe /S removes silently and leaves data and keys.
Unicode true
Target amd64-unicode
Name "Lou"
OutFile "${TARGET}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\Lou"
InstallDirRegKey HKCU "Software\Lou" "Folder"
Icon "${SOURCE}\lou.ico"
UninstallIcon "${SOURCE}\lou.ico"
!ifdef QUICK
SetCompressor zlib
!else
SetCompressor /SOLID lzma
SetCompressorDictSize 64
!endif
!define LISTED "Software\Microsoft\Windows\CurrentVersion\Uninstall\Lou"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Lou"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Lou setup"
VIAddVersionKey LegalCopyright "MIT License"
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Var WasRunning

; Ends a Lou that runs, in order, and remembers in $WasRunning whether one did.
!macro EndLou un
Function ${un}EndLou
  StrCpy $WasRunning 0
  IfFileExists "$INSTDIR\lou.exe" 0 done
  ExecWait '"$INSTDIR\lou.exe" quit' $0
  IntCmp $0 0 0 done done
  StrCpy $WasRunning 1
done:
FunctionEnd
!macroend
!insertmacro EndLou ""
!insertmacro EndLou "un."

Section
  ; The folder is removed whole one day, so it has to be Lou's alone, whatever /D= says.
  StrCpy $0 $INSTDIR "" -4
  StrCmp $0 "\Lou" named
  StrCpy $INSTDIR "$INSTDIR\Lou"
named:
  StrCmp $INSTDIR "$LOCALAPPDATA\Programs\Lou" own
  ReadRegStr $0 HKCU "Software\Lou" "Folder"
  StrCmp $0 $INSTDIR own
  RMDir "$INSTDIR"
  IfFileExists "$INSTDIR\*.*" 0 own
  MessageBox MB_ICONSTOP "$INSTDIR holds files that are not Lou's. Choose another folder." /SD IDOK
  Abort
own:
  Call EndLou
  ; Nothing is touched while a client still runs a program of Lou, whose files are locked then.
  ClearErrors
  IfFileExists "$INSTDIR\lou-connect.exe" 0 free
  FileOpen $0 "$INSTDIR\lou-connect.exe" a
  IfErrors used
  FileClose $0
  RMDir /r "$INSTDIR\lib.old"
  IfFileExists "$INSTDIR\lib\*.*" 0 free
  ClearErrors
  Rename "$INSTDIR\lib" "$INSTDIR\lib.old"
  IfErrors used
free:
  SetOutPath "$INSTDIR"
  ClearErrors
  File /r "${SOURCE}\*"
  IfErrors used
  ; What an older Lou brought and this one does not must not be imported.
  RMDir /r "$INSTDIR\lib.old"
  Goto installed
used:
  IfFileExists "$INSTDIR\lib.old\*.*" 0 told
  RMDir /r "$INSTDIR\lib"
  Rename "$INSTDIR\lib.old" "$INSTDIR\lib"
told:
  IntCmp $WasRunning 1 0 ended ended
  Exec '"$INSTDIR\lou.exe"'
ended:
  MessageBox MB_ICONSTOP "A file of Lou is in use. Close the programs that use Lou's servers and run setup again." /SD IDOK
  Abort
installed:
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Lou.lnk" "$INSTDIR\lou.exe" "" "$INSTDIR\lou.ico"
  WriteRegStr HKCU "Software\Lou" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${LISTED}" "DisplayName" "Lou"
  WriteRegStr HKCU "${LISTED}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${LISTED}" "DisplayIcon" "$INSTDIR\lou.ico"
  WriteRegStr HKCU "${LISTED}" "Publisher" "The Lou developers"
  WriteRegStr HKCU "${LISTED}" "URLInfoAbout" "${HOMEPAGE}"
  WriteRegStr HKCU "${LISTED}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${LISTED}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${LISTED}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${LISTED}" "NoModify" 1
  WriteRegDWORD HKCU "${LISTED}" "NoRepair" 1
  IntCmp $WasRunning 1 0 done done
  Exec '"$INSTDIR\lou.exe"'
done:
SectionEnd

Section "Uninstall"
  ; Takes Lou's entries out of the clients' files and the login; data and keys stay.
  ExecWait '"$INSTDIR\lou.exe" uninstall'
  Call un.EndLou
  Delete "$SMPROGRAMS\Lou.lnk"
  SetOutPath "$TEMP"
  RMDir /r "$INSTDIR"
  DeleteRegKey HKCU "${LISTED}"
  DeleteRegKey HKCU "Software\Lou"
SectionEnd
