; The installer for one person's Windows account: no administrator, nothing outside the account.
; scripts/dist runs makensis with VERSION, PROGRAM, SIDE (the picture beside the last page), ASSETS, TOP and OUT.
; What a terminal keeps (%LOCALAPPDATA%\Tayori) is neither made nor removed here.

Unicode true
Target amd64-unicode
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Tayori"
!define TOASTS "Software\Classes\AppUserModelId\jp.tayori.Tayori"
!define DATA "$LOCALAPPDATA\Tayori"

Name "便り Tayori"
BrandingText "便り Tayori ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Tayori"
InstallDirRegKey HKCU "${UNINSTALL}" "InstallLocation"
RequestExecutionLevel user
ManifestDPIAware true
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=1041 ProductName "便り Tayori"
VIAddVersionKey /LANG=1041 FileDescription "便り Tayori のインストール"
VIAddVersionKey /LANG=1041 FileVersion "${VERSION}"
VIAddVersionKey /LANG=1041 ProductVersion "${VERSION}"
VIAddVersionKey /LANG=1041 LegalCopyright "MIT OR Apache-2.0"

!define MUI_ICON "${ASSETS}/icon/tayori.ico"
!define MUI_UNICON "${ASSETS}/icon/tayori.ico"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SIDE}"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_NODESC
!define MUI_COMPONENTSPAGE_TEXT_TOP "パソコンを起動したときに、便りも動かすかどうかを選べます。あとで「設定」からも変えられます。"
!define MUI_COMPONENTSPAGE_TEXT_COMPLIST "入れるもの"
!define MUI_FINISHPAGE_RUN "$INSTDIR\tayori.exe"
!define MUI_FINISHPAGE_RUN_TEXT "便りを開く"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_UNCONFIRMPAGE_TEXT_TOP "便りのプログラムを取り除きます。この端末の設定・電子証明書・履歴は取り除かず、次のフォルダに残します。$\r$\n${DATA}"
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE Japanese

; A program that runs keeps its file. Ending it anywhere loses nothing, but a person is asked first.
!macro EndWhatRuns un
Function ${un}EndWhatRuns
    ${IfNot} ${FileExists} "$INSTDIR\tayori.exe"
        Return
    ${EndIf}
    ClearErrors
    FileOpen $0 "$INSTDIR\tayori.exe" a
    ${IfNot} ${Errors}
        FileClose $0
        Return
    ${EndIf}
    MessageBox MB_OKCANCEL|MB_ICONINFORMATION "便りが動いています。終わらせて続けます。送信待ちや届いたものは、そのまま残ります。" /SD IDOK IDOK +2
    Abort
    nsExec::Exec 'taskkill /F /IM tayori.exe'
    Pop $0
    ; It is gone a moment later; a virus scanner may look at it once more.
    ${For} $1 1 40
        ClearErrors
        FileOpen $0 "$INSTDIR\tayori.exe" a
        ${IfNot} ${Errors}
            FileClose $0
            Return
        ${EndIf}
        Sleep 250
    ${Next}
    MessageBox MB_OK|MB_ICONSTOP "「$INSTDIR\tayori.exe」をほかのプログラムが使っています。しばらく待つか、パソコンを起動し直してから、もう一度お試しください。" /SD IDOK
    SetErrorLevel 2
    Quit
FunctionEnd
!macroend
!insertmacro EndWhatRuns ""
!insertmacro EndWhatRuns "un."

Section "便り Tayori（必須）"
    SectionIn RO
    Call EndWhatRuns
    SetOutPath "$INSTDIR"
    SetOverwrite on
    File "${PROGRAM}"
    File "${ASSETS}/icon/tayori.ico"
    File /oname=LICENSE-MIT.txt "${TOP}/LICENSE-MIT"
    File /oname=LICENSE-APACHE.txt "${TOP}/LICENSE-APACHE"
    File /oname=OFL-BIZ-UDPGothic.txt "${ASSETS}/fonts/OFL-BIZ-UDPGothic.txt"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    CreateShortcut "$SMPROGRAMS\便り Tayori.lnk" "$INSTDIR\tayori.exe"
    ; Windows shows toasts only of programs it knows by such a name.
    WriteRegStr HKCU "${TOASTS}" "DisplayName" "便り Tayori"
    WriteRegStr HKCU "${TOASTS}" "IconUri" "$INSTDIR\tayori.ico"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "便り Tayori"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\tayori.exe"
    WriteRegStr HKCU "${UNINSTALL}" "Publisher" "Tayori"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
SectionEnd

; The program itself keeps the list, so that its settings and the installer mean the same entry.
Section "パソコンを起動したときに動かす"
    nsExec::Exec '"$INSTDIR\tayori.exe" autostart on'
    Pop $0
SectionEnd

Section "Uninstall"
    Call un.EndWhatRuns
    nsExec::Exec '"$INSTDIR\tayori.exe" autostart off'
    Pop $0
    Delete "$SMPROGRAMS\便り Tayori.lnk"
    Delete "$INSTDIR\tayori.exe"
    Delete "$INSTDIR\tayori.ico"
    Delete "$INSTDIR\LICENSE-MIT.txt"
    Delete "$INSTDIR\LICENSE-APACHE.txt"
    Delete "$INSTDIR\OFL-BIZ-UDPGothic.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    DeleteRegKey HKCU "${TOASTS}"
    DeleteRegKey HKCU "${UNINSTALL}"
    ${If} ${FileExists} "${DATA}\*.*"
        DetailPrint "この端末の設定・電子証明書・履歴は、${DATA} に残っています。"
        MessageBox MB_OK|MB_ICONINFORMATION "この端末の設定・電子証明書・履歴は、次のフォルダに残っています。$\r$\n${DATA}$\r$\n$\r$\nもう使わないときは、この端末の電子証明書をほかの端末か運用者に失効してもらってから、このフォルダを消してください。" /SD IDOK
    ${EndIf}
SectionEnd
