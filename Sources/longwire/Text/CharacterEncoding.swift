internal import Foundation

/// How characters are written to the terminal.
enum CharacterEncoding {
    /// Chooses UTF-8, which is what travels, also where the environment says nothing.
    static func useUTF8() {
        setlocale(LC_CTYPE, "")
        guard let name = nl_langinfo(nl_item(CODESET)), String(cString: name) != "UTF-8" else { return }
        _ = setlocale(LC_CTYPE, "C.UTF-8")
    }
}
