/* Runs a program in a console of a Japanese Windows (code page 932) and tells what can be read there afterwards, as UTF-8:
 * console.exe FILE COMMAND. For scripts/windows-smoke. */
#include <stdio.h>
#include <windows.h>

enum { COLUMNS = 200, LINES = 60 };

static int failed(const char *what) {
    fprintf(stderr, "%s: %lu\n", what, GetLastError());
    return 1;
}

int wmain(int count, wchar_t **arguments) {
    if (count != 3) return failed("console.exe FILE COMMAND");
    FreeConsole();
    if (!AllocConsole() || !SetConsoleOutputCP(932)) return failed("a console");
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE screen = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                                OPEN_EXISTING, 0, NULL);
    COORD size = {COLUMNS, LINES}, start = {0, 0};
    if (screen == INVALID_HANDLE_VALUE || !SetConsoleScreenBufferSize(screen, size)) return failed("its screen");

    SetStdHandle(STD_OUTPUT_HANDLE, screen);
    SetStdHandle(STD_ERROR_HANDLE, screen);
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION program;
    if (!CreateProcessW(NULL, arguments[2], NULL, NULL, TRUE, 0, NULL, NULL, &startup, &program)) return failed("the program");
    if (WaitForSingleObject(program.hProcess, 120000) != WAIT_OBJECT_0) return failed("its end");

    static wchar_t text[COLUMNS * LINES];
    static char bytes[sizeof text * 2];
    DWORD letters;
    if (!ReadConsoleOutputCharacterW(screen, text, COLUMNS * LINES, start, &letters)) return failed("what it said");
    int length = WideCharToMultiByte(CP_UTF8, 0, text, (int)letters, bytes, sizeof bytes, NULL, NULL);
    FILE *file = _wfopen(arguments[1], L"wb");
    if (!file || fwrite(bytes, 1, length, file) != (size_t)length || fclose(file)) return failed("the file");
    return 0;
}
