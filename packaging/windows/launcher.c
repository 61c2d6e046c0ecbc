/* The three programs of Lou on Windows. Each loads python311.dll from its own folder and runs Python
 * in its own process, so that a client which ends its child has ended the bridge.
 *
 *   KIND 1  lou-connect.exe  console   the bridge of one client: servers\bridge\__main__.py
 *   KIND 2  lou-server.exe   console   one server: servers.__main__.main()
 *   KIND 3  lou.exe          windows   the tray and the commands: app.__main__.main()
 *
 * The code lies in "lib" beside the program; python311._pth keeps everything else out of sys.path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define LONGEST 32768
#define FIRST_WORDS 5

typedef int (*PyMain)(int, wchar_t **);

static const wchar_t *CODE =
#if KIND == 2
    L"import sys; sys.frozen = True; from servers.__main__ import main; sys.exit(main())";
#else
    L"import sys; sys.frozen = True; from app.__main__ import main; sys.exit(main())";
#endif

static int complain(const wchar_t *what, const wchar_t *path) {
  static wchar_t text[LONGEST + 200];
  swprintf(text, LONGEST + 200, L"%ls: %ls (error %lu).\nInstall Lou again.\n", path, what, GetLastError());
#if KIND == 3
  MessageBoxW(NULL, text, L"Lou", MB_ICONERROR);
#else
  fputws(text, stderr);
#endif
  return 120;
}

/* A program for windows has no console of its own: use that of the shell that started it, unless the
 * caller redirected the streams. */
static void use_console_of_parent(void) {
  HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
  if (out != NULL && out != INVALID_HANDLE_VALUE && GetFileType(out) != FILE_TYPE_UNKNOWN) return;
  AttachConsole(ATTACH_PARENT_PROCESS);
}

static int run(int count, wchar_t **given) {
  static wchar_t program[LONGEST], folder[LONGEST], path[LONGEST];
  DWORD length = GetModuleFileNameW(NULL, program, LONGEST);
  if (length == 0 || length >= LONGEST) return complain(L"its own path cannot be read", L"Lou");
  wcscpy(folder, program);
  *wcsrchr(folder, L'\\') = 0;
  if (wcslen(folder) + 64 > LONGEST) return complain(L"the path is too long", folder);

  swprintf(path, LONGEST, L"%ls\\python311.dll", folder);
  HMODULE python = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (python == NULL) return complain(L"it cannot be loaded", path);
  PyMain start = (PyMain)(void *)GetProcAddress(python, "Py_Main");
  if (start == NULL) return complain(L"it is no Python", path);

  wchar_t **words = calloc((size_t)count + FIRST_WORDS + 1, sizeof *words);
  if (words == NULL) return complain(L"no memory is left", program);
  int n = 0;
  words[n++] = program;
  words[n++] = L"-I";
#if KIND == 1
  (void)CODE;
  swprintf(path, LONGEST, L"%ls\\lib\\servers\\bridge\\__main__.py", folder);
  words[n++] = L"-S";
  words[n++] = L"-E";
  words[n++] = path;
#else
  words[n++] = L"-c";
  words[n++] = (wchar_t *)CODE;
#endif
  for (int i = 1; i < count; i++) words[n++] = given[i];
  return start(n, words);
}

#if KIND == 3
int WINAPI wWinMain(HINSTANCE self, HINSTANCE before, wchar_t *line, int show) {
  (void)self, (void)before, (void)line, (void)show;
  int count = 0;
  wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
  use_console_of_parent();
  return run(count, words);
}
#else
int wmain(int count, wchar_t **words) {
  (void)use_console_of_parent;
  return run(count, words);
}
#endif
