// Debian's libedit-dev: its own interface, wide characters. What takes variable arguments, which Swift cannot call,
// is wrapped here.
#include <stdio.h>
#include <histedit.h>
#include <wchar.h>
#include <wctype.h>

typedef int (*longwire_character_source)(EditLine *, wchar_t *);

static inline wchar_t *longwire_editor_prompt(EditLine *editor)
{
    static wchar_t prompt[] = L"> ";
    (void)editor;
    return prompt;
}

// An editor on the terminal; `source` gives it characters and finds `context` again.
static inline EditLine *longwire_editor_open(const char *name, void *context, longwire_character_source source)
{
    EditLine *editor = el_init(name, stdin, stdout, stderr);
    if (editor == NULL)
        return NULL;
    el_wset(editor, EL_CLIENTDATA, context);
    el_wset(editor, EL_SIGNAL, 0);
    el_wset(editor, EL_PROMPT, longwire_editor_prompt);
    el_wset(editor, EL_EDITOR, L"emacs");
    el_wset(editor, EL_GETCFN, source);
    // The terminal stays as it is for editing between two lines, so that nothing typed then is echoed.
    el_wset(editor, EL_SETTY, L"-x", L"-icanon", L"-echo", NULL);
    return editor;
}

// The key that stands for a paste: a control character that no keyboard has.
#define LONGWIRE_PASTE_KEY 0x80

typedef unsigned char (*longwire_editor_function)(EditLine *, wint_t);

// What our own keys do, and those that most shells have and libedit has not.
static inline void longwire_editor_bind(EditLine *editor, longwire_editor_function complete,
                                        longwire_editor_function paste, longwire_editor_function clear)
{
    el_wset(editor, EL_ADDFN, L"longwire-complete", L"completes", complete);
    el_wset(editor, EL_ADDFN, L"longwire-paste", L"inserts what was pasted", paste);
    el_wset(editor, EL_ADDFN, L"longwire-clear", L"clears the screen", clear);
    el_wset(editor, EL_BIND, L"^I", L"longwire-complete", NULL);
    el_wset(editor, EL_BIND, L"\x80", L"longwire-paste", NULL);
    el_wset(editor, EL_BIND, L"^L", L"longwire-clear", NULL);
    el_wset(editor, EL_BIND, L"^R", L"em-inc-search-prev", NULL);
    el_wset(editor, EL_BIND, L"\\e[1;5C", L"em-next-word", NULL);
    el_wset(editor, EL_BIND, L"\\e[1;5D", L"ed-prev-word", NULL);
    el_wset(editor, EL_BIND, L"\\e[3~", L"ed-delete-next-char", NULL);
    el_wset(editor, EL_BIND, L"\\e[1~", L"ed-move-to-beg", NULL);
    el_wset(editor, EL_BIND, L"\\e[4~", L"ed-move-to-end", NULL);
    el_wset(editor, EL_BIND, L"\\e[H", L"ed-move-to-beg", NULL);
    el_wset(editor, EL_BIND, L"\\e[F", L"ed-move-to-end", NULL);
}

// Puts text in at the cursor; the caller has the line drawn.
static inline int longwire_editor_insert(EditLine *editor, const wchar_t *text) { return el_winsertstr(editor, text); }

static inline void *longwire_editor_context(EditLine *editor)
{
    void *context = NULL;
    el_wget(editor, EL_CLIENTDATA, &context);
    return context;
}

// Draws prompt and text anew from the row the cursor is in.
static inline void longwire_editor_draw(EditLine *editor) { el_wset(editor, EL_REFRESH); }

// The terminal's modes: for editing, or as between two lines.
static inline void longwire_editor_modes(EditLine *editor, int editing) { el_wset(editor, EL_PREP_TERM, editing); }

static inline HistoryW *longwire_history_open(EditLine *editor, int size)
{
    HistEventW event;
    HistoryW *history = history_winit();
    if (history == NULL)
        return NULL;
    history_w(history, &event, H_SETSIZE, size);
    history_w(history, &event, H_SETUNIQUE, 1);
    el_wset(editor, EL_HIST, history_w, history);
    return history;
}

static inline void longwire_history_add(HistoryW *history, const wchar_t *line)
{
    HistEventW event;
    history_w(history, &event, H_ENTER, line);
}

// The columns a character takes in the editor: control characters show as ^X, others that cannot be shown as \U+XXXX.
static inline int longwire_character_columns(wchar_t character)
{
    int columns;
    if (character < 0x20 || character == 0x7f)
        return 2;
    if (!iswprint((wint_t)character))
        return character > 0xffff ? 8 : 7;
    columns = wcwidth(character);
    return columns < 0 ? 0 : columns;
}
