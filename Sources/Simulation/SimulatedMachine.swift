package import Core

/// One machine of the simulation by itself, in a world where nothing goes wrong: for comparing it with the real scripts.
package final class SimulatedMachine {
    private let world: World
    private let machine: Machine

    package init(machineID: String) {
        world = World(Setting.quiet(seed: 1), Chance(seed: 1, rates: [:]))
        machine = Machine(1, "n1", world: world, machineID: machineID)
        world.machines = [machine]
    }

    /// What it prints.
    package func answer(_ request: NodeScript.Request) -> [UInt8] {
        // @unchecked: the loop's one thread alone touches it.
        final class Answer: @unchecked Sendable { var text: String? }
        let (answer, machine) = (Answer(), machine)
        world.loop.begin { answer.text = (try? await machine.answer(request)) ?? "gone" }
        while answer.text == nil, world.loop.step() {}
        return Array("\(answer.text ?? "")\n".utf8)
    }

    /// Goes down and comes up again.
    package func reboot() {
        machine.reboot()
        while !machine.isUp, world.loop.step() {}
    }
}
