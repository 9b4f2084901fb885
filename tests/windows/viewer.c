/* Stands in for what opens PDFs: copies the file it is given, viewer.exe COPY FILE. For scripts/windows-smoke. */
#include <windows.h>

int wmain(int count, wchar_t **arguments) {
    return count == 3 && CopyFileW(arguments[2], arguments[1], FALSE) ? 0 : 1;
}
