# Completes zerostack in bash: source it, or install it as
# /usr/share/bash-completion/completions/zerostack.
_zerostack() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _zerostack zerostack
