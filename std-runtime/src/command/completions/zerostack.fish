# Completes zerostack in fish: install it as zerostack.fish in a folder of $fish_complete_path.
function __zerostack_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -e words[1]
    zerostack complete -- $words "$current" 2>/dev/null
end
complete -c zerostack -a '(__zerostack_complete)'
